from orders import total


def handler(event, context):
    return f"to pay: {total(event['items'])}"
