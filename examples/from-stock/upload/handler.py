from shared.price import price


def handler(event, context):
    return price(event.get("cents", 250))
