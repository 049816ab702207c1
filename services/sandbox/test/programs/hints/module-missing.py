# from: open-webui#15609, mito#1627, openinterpreter#1226
# status: error
# error: ^ModuleNotFoundError: No module named 'folium'\. Call again with packages: \["folium"\], or use install_package first$
# seen: stderr:\nTraceback.*error: ModuleNotFoundError: .*packages: \["folium"\]

import folium
