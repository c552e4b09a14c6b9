from money import euros


def handler(event, context):
    return f"sold today: {euros(event['cents'])}"
