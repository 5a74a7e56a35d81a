# Debian's docker-registry, arranged like the official image: `registry serve /etc/docker/registry/config.yml`, port 5000.
ARG BASE
FROM ${BASE}
RUN apt-get -qq update \
    && apt-get -qq install -y --no-install-recommends docker-registry wget ca-certificates >/dev/null \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*.log /var/log/apt \
    && ln -s docker-registry /usr/bin/registry
COPY registry.yml /etc/docker/registry/config.yml
VOLUME ["/var/lib/registry"]
EXPOSE 5000
CMD ["registry", "serve", "/etc/docker/registry/config.yml"]
