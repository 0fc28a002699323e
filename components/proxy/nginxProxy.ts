import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as path from "node:path";
import type { DockerEngine } from "../engine";
import { asRoot, commandConnection } from "../host";
import { hostCommand } from "../remote";
import {
    type ComposeProject,
    type FileMount,
    HostFiles,
    type ServiceGroup,
    sharedContent,
    readLocalContent,
} from "../services";
import { createCertificates } from "./certificates";
import { httpConf } from "./httpConf";
import { RELEASE, mainConf } from "./nginxConf";
import { MAINTENANCE, UNAVAILABLE, deployedPage } from "./pages";
import { passwordFile } from "./passwords";
import { PROXY, PROXY_NETWORK, releasesFolder } from "./proxyService";
import { certificateFile, usersFile } from "./siteConf";
import type { Site } from "./sites";
import type { ProxyConfig } from "./sitesSchema";

const SWITCH_SCRIPT = path.join(__dirname, "../../scripts/switch-sites.sh");

export interface NginxProxyArgs {
    engine: DockerEngine;
    /** `PROJECT-STACK` */
    prefix: string;
    /** Begins the resources' names, as that of the group. Default: nothing */
    scope?: string;
    /** The project with nginx in it. */
    project: ComposeProject;
    /** Its services, nginx among them. */
    services: ServiceGroup;
    sites: Site[];
    config: ProxyConfig;
    /** PEM: what vouches for the ACME server itself. Default: what the system believes */
    acmeRoot?: string;
}

/**
 * The sites that nginx serves. They are switched when every container is healthy, and before old ones go: the new ones
 * serve, and what the old ones were answering has ended.
 */
export class NginxProxy extends pulumi.ComponentResource {
    /** Done when the new sites are served. */
    readonly ready: pulumi.Resource;

    constructor(
        name: string,
        private readonly args: NginxProxyArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("berth:index:NginxProxy", name, {}, opts);
        const { engine, prefix, services } = args;
        const { host } = engine;
        const statics = this.placeStatics();
        const secrets = this.placeSecrets(name);
        const script = fs.readFileSync(SWITCH_SCRIPT, "utf8");
        const command = (action: string) =>
            asRoot(host.connection.user, [
                "bash",
                "--norc",
                "-c",
                script,
                "switch-sites",
                action,
                releasesFolder(prefix),
            ]);
        const release = this.release(statics.filesAt);
        this.ready = hostCommand(
            name,
            {
                connection: commandConnection(host.connection),
                create: command("switch"),
                delete: command("remove"),
                stdin: pulumi
                    .all([statics.lines, secrets.lines])
                    .apply((lines) => [...lines.flat(), release].join("\n")),
                triggers: [host.dataId],
                logging: remote.Logging.None, // on failure, what nginx says is the error's text
            },
            {
                parent: this,
                dependsOn: [...services.gates, ...statics.ready, ...secrets.ready],
                deletedWith: host.dataResource,
                // Other sites are an update; where the folder is made anew, the old one must not be removed after it.
                deleteBeforeReplace: true,
            },
        );
        createCertificates(`${name}-certificates`, args, this.ready, this);
        this.registerOutputs();
    }

    /** What scripts/switch-sites.sh reads, from the line of nginx's container on. */
    private release(filesAt: (folder: string) => string): string {
        const { project, services, sites, config } = this.args;
        const [container = ""] = services.containersOf(PROXY);
        const addressesOf = (service: string) => services.addressesOf(service, PROXY_NETWORK);
        const deployed = Object.entries(project.services).flatMap(([service, { image }]) => {
            const name = image ?? services.imageOf(service) ?? "";
            return service === PROXY ? [] : [{ service, image: name, containers: services.containersOf(service) }];
        });
        const files = {
            "main.conf": mainConf(config),
            "http.conf": httpConf({ sites, config, addressesOf, filesAt }),
            "pages/unavailable.html": UNAVAILABLE,
            "pages/maintenance.html": MAINTENANCE,
            ...(sites.length === 0 && { "pages/deployed.html": deployedPage(pulumi.getStack(), deployed) }),
        };
        const texts = Object.entries(files).map(([file, text]) => `==> ${file}\n${text}`);
        return `container ${container}\ndrain ${config.drain}\n${texts.join("")}`;
    }

    /** Brings the folders that are served to the host. */
    private placeStatics() {
        const { engine, prefix, scope, sites } = this.args;
        const toHost = sharedContent({ engine, prefix, scope }, { parent: this });
        const folders = new Set(
            sites.flatMap(({ locations }) =>
                locations.flatMap(({ target }) => (target.kind === "files" ? [target.folder] : [])),
            ),
        );
        const placed = [...folders].map((folder) => {
            const local = readLocalContent(folder);
            return { folder, name: local.hash.slice(0, 12), content: toHost(local, "pinned") };
        });
        const names = new Map(placed.map(({ folder, name }) => [folder, name]));
        return {
            ready: placed.map(({ content }) => content.ready),
            lines: pulumi.all(placed.map(({ name, content }) => pulumi.interpolate`static ${content.path} ${name}`)),
            filesAt: (folder: string) => `${RELEASE}/static/${names.get(folder) ?? ""}`,
        };
    }

    /** Brings certificates, and the files with users and passwords, to the host. */
    private placeSecrets(name: string) {
        const { engine, prefix, sites } = this.args;
        const files = sites.flatMap((site) => {
            const users = site.locations.flatMap((location) =>
                // nginx's processes, which are not root, read it in their container.
                location.passwords
                    ? [secretFile(usersFile(site, location), passwordFile(location.passwords), 0o444)]
                    : [],
            );
            if (site.tls?.source !== "secret") return users;
            const file = certificateFile(site);
            const { certificate, key } = site.tls;
            return [...users, secretFile(`${file}.crt`, certificate, 0o400), secretFile(`${file}.key`, key, 0o400)];
        });
        if (files.length === 0) return { ready: [], lines: pulumi.output<string[]>([]) };
        const placed = new HostFiles(name, { engine, prefix, service: "sites", files }, { parent: this });
        return {
            ready: placed.ready,
            lines: pulumi.all(files.map((file) => pulumi.interpolate`secret ${placed.pathOf(file)} ${file.target}`)),
        };
    }
}

/** A file that nobody else may know. */
function secretFile(target: string, text: string, mode: number): FileMount {
    const content = Buffer.from(text);
    return { section: "secrets", source: target, target, uid: 0, gid: 0, mode, content, secret: true };
}
