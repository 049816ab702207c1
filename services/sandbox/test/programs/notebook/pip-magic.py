# from: notebook habit (%pip)
# stdout: Not installed: notapackage1234, other5678

%pip install notapackage1234 "other5678>=2"
