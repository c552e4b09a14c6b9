from http.server import BaseHTTPRequestHandler, HTTPServer

from shared.price import price


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(price(250).encode())


HTTPServer(("", 8000), Handler).serve_forever()
