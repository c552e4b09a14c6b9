def handler(event, context):
    return f"Hello, {event.get('name', 'world')}"
