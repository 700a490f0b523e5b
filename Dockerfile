# The whole image is one static program and the certificates it verifies tls:// targets with.
#
#   docker build -t wsbridge .
#   docker run --rm -p 9998:9998 wsbridge --target /echo=tcp://192.0.2.1:7

FROM golang:1.26 AS build
WORKDIR /src

# For networks that reach modules another way: docker build --build-arg GOPROXY="$(go env GOPROXY)" .
# One that is not passed keeps Go's default.
ARG GOPROXY
ARG GONOPROXY
ARG GOSUMDB
ARG GONOSUMDB
ARG GOFLAGS

# Modules before sources, so that a changed source file does not download them again.
COPY go.mod go.sum ./
RUN go mod download

# Without cgo the program needs no C library, and scratch has none.
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/wsbridge ./cmd/wsbridge

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/wsbridge /wsbridge

# The default, localhost, is the container's own: nobody outside could reach it.
ENV WSBRIDGE_LISTEN=:9998
EXPOSE 9998

# By number: scratch has no /etc/passwd to look a name up in.
USER 65532:65532

HEALTHCHECK --interval=5s --timeout=3s --retries=3 CMD ["/wsbridge", "healthcheck"]
ENTRYPOINT ["/wsbridge"]
