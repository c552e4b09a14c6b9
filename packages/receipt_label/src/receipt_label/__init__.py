"""Finds the merchant, the date, the items and the totals in the recognised lines of a receipt."""

from receipt_label.label_lines import LineLabel, label_lines

__all__ = ["LineLabel", "label_lines"]
