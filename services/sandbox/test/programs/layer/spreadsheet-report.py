# from: LibreChat#9335, open-webui: spreadsheets and documents without any install
# needs: openpyxl
# only: namespaces
# stdout: ^   a  b\n0  1  3\n1  2  4
# artifacts: report.docx, table.xlsx
# timeout_ms: 120000

import pandas as pd
from docx import Document

pd.DataFrame({"a": [1, 2], "b": [3, 4]}).to_excel("table.xlsx", index=False)
print(pd.read_excel("table.xlsx"))
document = Document()
document.add_heading("Report")
document.save("report.docx")
