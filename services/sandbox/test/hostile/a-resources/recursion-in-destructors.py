# A chain that is taken apart link by link.
# expect: success | killed
class Link:
    def __init__(self, next_link):
        self.next_link = next_link

    def __del__(self):
        self.next_link = None


chain = None
for _ in range(5_000):
    chain = Link(chain)
chain = None
