# syntax=docker/dockerfile:1

# The image of a node: the program and the .NET runtime, no shell tools, no root.
ARG DOTNET_REPOSITORY=mcr.microsoft.com/dotnet
ARG DOTNET_VERSION=10.0

FROM ${DOTNET_REPOSITORY}/sdk:${DOTNET_VERSION} AS build
WORKDIR /source
# What decides about packages comes first, so that a change of code does not fetch them again.
COPY global.json Directory.Build.props Directory.Packages.props .editorconfig ./
COPY src/Domain/*.csproj src/Domain/packages.lock.json src/Domain/
COPY src/Simulation/*.csproj src/Simulation/packages.lock.json src/Simulation/
COPY src/Providers/*.csproj src/Providers/packages.lock.json src/Providers/
COPY src/Actors/*.csproj src/Actors/packages.lock.json src/Actors/
COPY src/ControlPlane/*.csproj src/ControlPlane/packages.lock.json src/ControlPlane/
RUN dotnet restore src/ControlPlane/ControlPlane.csproj --locked-mode
COPY src/ src/
RUN dotnet publish src/ControlPlane/ControlPlane.csproj --no-restore --configuration Release --output /app

FROM ${DOTNET_REPOSITORY}/aspnet:${DOTNET_VERSION} AS runtime
WORKDIR /app
COPY --from=build /app ./
# The data folder belongs to the user that runs the node; everything else is read only.
RUN mkdir -p /data /plugins && chown 10001:10001 /data && ln -s /app/controlplane /usr/local/bin/controlplane
ENV DOTNET_EnableDiagnostics=0 \
    DOTNET_CLI_TELEMETRY_OPTOUT=1 \
    CONTROLPLANE_Node__DataFolder=/data \
    CONTROLPLANE_Node__PluginFolder=/plugins
USER 10001:10001
VOLUME ["/data"]
EXPOSE 8470 8471
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["/app/controlplane", "health"]
ENTRYPOINT ["/app/controlplane"]
CMD ["run"]
