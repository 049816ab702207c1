# from: Pillow's show, and a picture as value
# needs: pillow
# display: image/png, image/png

from PIL import Image
picture = Image.new("RGB", (8, 8), "red")
picture.show()
picture
