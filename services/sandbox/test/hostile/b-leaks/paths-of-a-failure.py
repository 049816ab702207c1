# An uncaught error from inside the standard library: its traceback is for the user's lines only.
# expect: error
import email.message

email.message.EmailMessage().set_content(object())
