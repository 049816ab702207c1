# from: notebooks of Colab
# stdout: ^out\.txt is returned with the result\n$
# artifacts: out.txt
# status: error
# error: UsageError: drive\.mount\(\): there is no Google Drive here; give files to the call

from google.colab import drive, files
open("out.txt", "w").write("x")
files.download("out.txt")
drive.mount("/content/drive")
