# Debian's nginx, arranged like the official image: pages in /usr/share/nginx/html, one server in conf.d, logs to the engine.
ARG BASE
FROM ${BASE}
RUN apt-get -qq update \
    && apt-get -qq install -y --no-install-recommends nginx-light curl ca-certificates >/dev/null \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /etc/nginx/sites-enabled/default /var/log/*.log /var/log/apt \
    && ln -sf /dev/stdout /var/log/nginx/access.log \
    && ln -sf /dev/stderr /var/log/nginx/error.log
EXPOSE 80
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
