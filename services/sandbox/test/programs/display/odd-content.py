# from: content that JSON has not
# display: application/json

from IPython.display import JSON, display
value = {"nan": float("nan"), "text": "\ud800"}
display(JSON(value))
