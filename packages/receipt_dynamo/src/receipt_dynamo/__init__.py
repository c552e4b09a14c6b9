"""Receipts and their labels in one DynamoDB table."""

from receipt_dynamo.cursor import CursorError
from receipt_dynamo.entities import LABELS, LabelledReceipt, Receipt, ReceiptLabel
from receipt_dynamo.table import Page, ReceiptExistsError, ReceiptTable

__all__ = [
    "LABELS",
    "CursorError",
    "LabelledReceipt",
    "Page",
    "Receipt",
    "ReceiptExistsError",
    "ReceiptLabel",
    "ReceiptTable",
]
