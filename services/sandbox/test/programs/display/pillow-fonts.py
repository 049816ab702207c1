# from: fonts by the names of other systems
# needs: pillow,matplotlib
# result: ^'DejaVu Sans', 'DejaVu Sans', 'DejaVu Sans Mono'$|^\['DejaVu Sans', 'DejaVu Sans', 'DejaVu Sans Mono'\]$

from PIL import ImageFont
names = ["DejaVuSans.ttf", "arial.ttf", "/usr/share/fonts/truetype/cour.ttf"]
[ImageFont.truetype(name, 12).getname()[0] for name in names]
