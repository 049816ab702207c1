# from: file conversions
# artifacts: bundle.zip application/zip 100, data.json application/json 2

import json, zipfile
with open("data.json", "w") as file:
    json.dump({"a": [1, 2, 3]}, file)
with zipfile.ZipFile("bundle.zip", "w") as bundle:
    bundle.write("data.json")
