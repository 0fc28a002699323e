import * as pulumi from "@pulumi/pulumi";
import { readConfig } from "./components/config";
import { DockerEngine } from "./components/engine";
import { LocalHost, checkLocalEngine, localMissingCapabilities, sshCommand } from "./components/host";
import { ServiceGroup, isReachable } from "./components/services";
import { userError } from "./components/userError";

export = async () => {
    const config = readConfig();
    const name = `${pulumi.getProject()}-${pulumi.getStack()}`;
    const labels = { "berth.project": pulumi.getProject(), "berth.stack": pulumi.getStack() };

    const published = Object.entries(config.services).flatMap(([service, { ports }]) =>
        ports
            .map((port, i) => ({ port, place: `berth:services.${service}.ports[${i}]` }))
            .filter(({ port }) => isReachable(port))
            .map(({ port, place }) => ({ port: port.published, place })),
    );
    const problems = await checkLocalEngine({
        dockerHost: config.host.dockerHost,
        ports: [{ port: config.host.sshPort, place: "berth:host.sshPort" }, ...published],
        labels,
    });
    if (problems.length > 0) throw userError(problems.join("\n"));

    const host = new LocalHost("host", {
        machineName: name,
        dockerHost: config.host.dockerHost,
        image: config.host.image,
        sshPort: config.host.sshPort,
        publishedPorts: published.map(({ port }) => port),
        networks: config.lab ? [config.lab.network] : [],
        missingCapabilities: localMissingCapabilities(),
        labels,
    });

    const engine = new DockerEngine("engine", {
        host,
        users: config.engine.users,
        version: config.engine.version,
        apt: config.engine.apt ?? (config.lab && { url: config.lab.aptUrl, fingerprint: config.lab.aptFingerprint }),
        registryMirrors: [...config.engine.registryMirrors, ...(config.lab ? [config.lab.registryMirror] : [])],
        logs: config.engine.logs,
    });

    const services = new ServiceGroup("services", {
        engine,
        services: config.services,
        prefix: name,
        labels,
        secretEnvironment: config.secretEnvironment,
    });

    const { privateKey, ...ssh } = host.connection;
    return {
        url: published[0] && pulumi.interpolate`http://${host.address}:${published[0].port}`,
        ssh: pulumi.output(ssh).apply(sshCommand),
        engine: engine.versions,
        containers: services.summaries,
        /** The client's key and where it lies: the scripts put it there on a computer that has it not. */
        identity: { file: host.connection.identityFile, privateKey },
    };
};
