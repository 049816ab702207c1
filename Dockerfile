# One image per service: docker build --target <service>. All share one layer of dependencies.

# The base of all images. `npm run pin-images` renews its digest; --build-arg NODE_IMAGE=... takes another.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6

# The manifests of all workspaces, found by their name, so that a new service needs no line here. Whatever else changes
# does not change this stage's content, and the dependencies come from the cache.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /app
COPY . .
RUN mkdir /manifests && find . -mindepth 2 -name package.json -exec cp --parents '{}' /manifests ';'

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
# extra-ca.crt, where there is one: the certificate of a proxy that stands between this build and the registry.
COPY package.json package-lock.json .npmrc extra-ca.cr[t] ./
COPY --from=manifests /manifests ./
# The image has its own Node: the optional packages that bring one along are left out. esbuild's binary stays.
RUN if [ -f extra-ca.crt ]; then export NODE_EXTRA_CA_CERTS=/app/extra-ca.crt; fi; \
    npm ci --omit=dev --no-audit --no-fund && rm -rf node_modules/node-linux-* && npm cache clean --force

# The chat page, built with tools that no service needs.
FROM dependencies AS page
RUN if [ -f extra-ca.crt ]; then export NODE_EXTRA_CA_CERTS=/app/extra-ca.crt; fi; \
    npm ci --workspace=services/middleware/web --no-audit --no-fund
COPY tsconfig.json ./
# The page shares contracts and small parts of the kit.
COPY shared shared
COPY services/middleware/web services/middleware/web
RUN node services/middleware/web/build.ts

FROM ${NODE_IMAGE} AS base
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
# What a service needs in another version than the rest.
COPY --from=dependencies /app/services services
COPY package.json ./
COPY shared shared
USER node

FROM base AS time-client
COPY services/time-client services/time-client
EXPOSE 8003
CMD ["node", "--max-semi-space-size=2", "services/time-client/src/main.ts"]

FROM base AS code-executor
COPY services/code-executor services/code-executor
EXPOSE 8004
CMD ["node", "--max-semi-space-size=2", "services/code-executor/src/main.ts"]

FROM base AS mcp-server
COPY services/mcp-server services/mcp-server
COPY mesh.json ./
# What commands in mesh.json keep; the only place that it writes to.
USER root
RUN install --directory --owner=node --group=node /data
ENV MESH_CACHE_DIR=/data
USER node
EXPOSE 8000
CMD ["node", "--max-semi-space-size=2", "services/mcp-server/src/main.ts"]

FROM base AS middleware
COPY --from=page /app/services/middleware/web/dist services/middleware/web/dist
COPY services/middleware services/middleware
# Conversations; the only place that it writes to.
USER root
RUN install --directory --owner=node --group=node /data
ENV CHAT_DATA_DIR=/data
USER node
EXPOSE 8002
CMD ["node", "--max-semi-space-size=2", "services/middleware/src/main.ts"]

FROM base AS sandbox
USER root
# The interpreter, what jails it, and whom to trust: with extra-ca.crt, for the index proxy's far side, too.
COPY package.json extra-ca.cr[t] ./
RUN apt-get update && apt-get install --yes --no-install-recommends \
      bubblewrap ca-certificates locales python3 git jq ripgrep bc bzip2 xz-utils zip unzip sqlite3 && \
    rm -rf /var/cache/apt/* /var/lib/apt/lists/* && \
    if [ -f extra-ca.crt ]; then mv extra-ca.crt /usr/local/share/ca-certificates/ && update-ca-certificates; fi
ENV NODE_USE_SYSTEM_CA=1 SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
# The libraries, fonts and locales that every Python program has (1 GB), before what changes more often.
COPY services/sandbox/data services/sandbox/data
COPY services/sandbox/src/packages services/sandbox/src/packages
COPY services/sandbox/src/commands services/sandbox/src/commands
COPY services/sandbox/src/base-layer services/sandbox/src/base-layer
RUN node services/sandbox/src/commands/build-base-layer.ts data/sandbox
COPY services/sandbox services/sandbox
# What a service makes at its first start is made here, and is root's: at run time the file system is read-only.
# Only /data is the service's own, for packages and approvals.
RUN SANDBOX_CACHE_DIR=/app/data/sandbox node services/sandbox/src/commands/prepare.ts && \
    install --directory --owner=node --group=node /data
ENV SANDBOX_CACHE_DIR=/app/data/sandbox SANDBOX_DATA_DIR=/data
USER node
EXPOSE 8001
CMD ["node", "--max-semi-space-size=2", "services/sandbox/src/main.ts"]

# Not a service of ours: the way from the sandbox to package indexes.
FROM ${NODE_IMAGE} AS index-proxy
RUN apt-get update && apt-get install --yes --no-install-recommends squid && rm -rf /var/cache/apt/* /var/lib/apt/lists/*
COPY index-proxy/squid.conf /etc/squid/squid.conf
USER node
EXPOSE 3128
CMD ["sh", "-c", "echo \"$INDEX_HOSTS\" | tr -s ', ' '\\n' >/tmp/index-hosts && exec squid -N"]
