# from: open-webui#15609, mito#1627, openinterpreter#1226
# status: error
# error: ^ModuleNotFoundError: No module named 'shapely'\. Call again with packages: \["shapely"\], or use install_package first$
# seen: stderr:\nTraceback.*error: ModuleNotFoundError: .*packages: \["shapely"\]

import shapely
