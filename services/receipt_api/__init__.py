"""The receipts over HTTP: reads them with their labels out of DynamoDB."""
