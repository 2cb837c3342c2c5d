# Two stages: the first builds dist/ with the development tools, the second carries what runs.
#
#   docker build -t sallyport .
#   docker run --read-only --tmpfs /tmp -p 8080:8080 \
#     -v ./sallyport.yaml:/etc/sallyport/sallyport.yaml:ro \
#     -v ./mfa-policy.yaml:/etc/sallyport/mfa-policy.yaml:ro \
#     -v sallyport-data:/var/lib/sallyport sallyport
#
# In the configuration: `listen: 0.0.0.0:8080`, `management: 127.0.0.1:9464`, and absolute paths
# under /var/lib/sallyport for the database and the encryption key.

FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
# Without scripts: the image brings its own Node, and dist/ is built below from all of the source.
RUN npm ci --ignore-scripts
COPY src ./src
RUN npm run build
RUN npm ci --ignore-scripts --omit=dev

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /opt/sallyport
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE ./
COPY views ./views
COPY config ./config
# The code belongs to root and cannot be changed by whoever runs it; only the data folder can.
RUN mkdir -p /var/lib/sallyport && chown node:node /var/lib/sallyport
USER node
VOLUME /var/lib/sallyport
EXPOSE 8080

# The management listener is inside the container only; the public listener tells nobody how it is.
ENV HEALTH_URL=http://127.0.0.1:9464/healthz
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["node", "-e", "fetch(process.env.HEALTH_URL).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve", "--config", "/etc/sallyport/sallyport.yaml"]
