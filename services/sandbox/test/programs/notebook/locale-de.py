# from: locales that are usual elsewhere
# stdout: ^1\.234\.567,89 1\.234,50 €\n$

import locale
locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")
print(locale.format_string("%.2f", 1234567.891, grouping=True), locale.currency(1234.5, grouping=True))
