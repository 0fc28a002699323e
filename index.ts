import "./components/faultsFromStart";
import * as pulumi from "@pulumi/pulumi";
import { readConfig } from "./components/config";
import { DockerEngine } from "./components/engine";
import { withoutStacks } from "./components/faults";
import { type StackHost, createHosts, sshCommand, sshTarget } from "./components/host";
import { NginxProxy } from "./components/proxy";
import { ReleaseLedger, ServiceGroup, checkPlan, registryAuth } from "./components/services";

export = withoutStacks(__dirname, async () => {
    const config = readConfig();
    const name = `${pulumi.getProject()}-${pulumi.getStack()}`;
    const labels = { "berth.project": pulumi.getProject(), "berth.stack": pulumi.getStack() };

    const mirrors = [...config.engine.registryMirrors, ...(config.lab ? [config.lab.registryMirror] : [])];
    const plan = {
        project: config.project,
        prefix: name,
        protectVolumes: config.protectVolumes,
        registries: config.registries,
    };
    const facts = await checkPlan({ ...plan, mirrors: config.lab?.registryHere ? [config.lab.registryHere] : mirrors });

    const hosts = await createHosts({
        config: config.host,
        hostName: name,
        published: config.published,
        ports: Object.values(config.project.services).flatMap((service) => service.ports),
        labels,
        clone: __dirname,
        protectVolumes: config.protectVolumes,
        account: config.account,
        lab: config.lab,
    });
    const outputs = hosts.map(deploy);
    return outputs.length === 1 ? outputs[0] : { hosts: outputs };

    function deploy({ name: hostName, host, exposure }: StackHost) {
        const scope = hostName === "host" ? "" : `${hostName}/`;
        const engine = new DockerEngine(`${scope}engine`, {
            host,
            labels,
            users: config.engine.users,
            version: config.engine.version,
            apt:
                config.engine.apt ?? (config.lab && { url: config.lab.aptUrl, fingerprint: config.lab.aptFingerprint }),
            registryMirrors: mirrors,
            registryAuth: registryAuth(config.registries),
            logs: config.engine.logs,
        });

        const services = new ServiceGroup(`${scope}services`, { ...plan, ...facts, engine, scope, labels });

        const shared = { engine, prefix: plan.prefix, services };
        const { project, proxy, written, secretServices, keepReleases } = config;
        const sites = proxy && new NginxProxy(`${scope}sites`, { ...shared, scope, project, ...proxy });
        const after = sites ? [sites.ready] : [];
        new ReleaseLedger(`${scope}releases`, {
            ...shared,
            written,
            secret: secretServices,
            keep: keepReleases,
            after,
        });

        const port = config.published.find(({ protocol }) => protocol === undefined)?.port;
        const authority = port === 80 ? host.address : pulumi.interpolate`${host.address}:${port}`;
        return {
            ...(port !== undefined && { url: pulumi.interpolate`http://${authority}` }),
            ssh: sshTarget(host.connection).apply(sshCommand),
            exposure,
            engine: engine.versions,
            containers: services.summaries,
            /** The client's key and where it lies: the scripts put it there on a computer that has it not. */
            identity: { file: host.connection.identityFile, privateKey: host.connection.privateKey },
        };
    }
});
