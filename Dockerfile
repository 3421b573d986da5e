# Two images, for any builder, the classic one too:
#   docker build --target programs .   what services, and the gate between them, run in
#   docker build --target tool .       the command line: docker run --rm IMAGE run suites/ --world sim
#                                      and by itself the control API: docker run --rm -p 8474:8474 IMAGE
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS base
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends iproute2 nftables ethtool \
 && rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/*
WORKDIR /opt/sinbin
COPY package.json package-lock.json ./

FROM base AS programs
# Without the libraries that speak to engines: what runs here doesn't. The versions are those of the lock file all the same.
RUN npm pkg delete dependencies.testcontainers dependencies.dockerode dependencies.tar-fs dependencies.tar-stream dependencies.@balena/dockerignore \
 && npm install --omit=dev --ignore-scripts --no-update-notifier && rm -rf /root/.npm \
 && mkdir /service && chown node:node /service
ENV NODE_COMPILE_CACHE=/opt/sinbin-cache
COPY faults faults
COPY host host
COPY planetlab planetlab
COPY servers servers
COPY proxies proxies
COPY harness harness
# What is loaded here is compiled once for all. Node keeps a cache for each user; whoever is neither root nor `node` does without.
# A checkout that is private to whoever made it is everybody's here.
RUN find . ! -perm -a=r -exec chmod a+rX {} + \
 && echo 'export const main = async (_, paths) => { for (const path of paths) await import(path); return 0; };' > /tmp/load.ts \
 && node host/start.ts /tmp/load.ts $PWD/planetlab/plc/main.ts $PWD/planetlab/node-manager/main.ts $PWD/servers/dns/main.ts $PWD/harness/worlds/docker/gate/links.ts $PWD/harness/worlds/docker/gate/packets.ts $PWD/harness/worlds/docker/gate/services.ts $PWD/harness/worlds/docker/pipe.ts \
 && rm /tmp/load.ts \
 && cd "$NODE_COMPILE_CACHE" && for made in *-0; do ln -s "$made" "${made%-0}-1000"; done && chmod -R a+rX .
USER node
WORKDIR /service

FROM base AS tool
RUN npm ci --omit=dev --ignore-scripts --no-update-notifier && rm -rf /root/.npm \
 && mkdir -m 1777 /work && ln -s /opt/sinbin/suites /work/suites && ln -s /opt/sinbin/harness/cli/main.ts /usr/local/bin/sinbin
ENV NODE_COMPILE_CACHE=/opt/sinbin-cache
COPY . .
RUN find . ! -perm -a=r -exec chmod a+rX {} + \
 && cd /tmp && sinbin run /work/suites/1-networks/refused-then-back.yaml --world sim && rm -r runs \
 && node /opt/sinbin/harness/cli/swarm-task.ts --version > /dev/null && rm -r sinbin-task-* \
 && cd "$NODE_COMPILE_CACHE" && for made in *-0; do ln -s "$made" "${made%-0}-1000"; done && chmod -R a+rX .
USER node
WORKDIR /work
# Named in place of Toxiproxy's image, it is that: the control API for everybody, and its flags without a word in front.
EXPOSE 8474
ENTRYPOINT ["sinbin"]
CMD ["proxy", "--host=0.0.0.0"]
