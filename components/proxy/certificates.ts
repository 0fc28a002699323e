import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as path from "node:path";
import { asRoot, commandConnection } from "../host";
import { hostCommand } from "../remote";
import type { NginxProxyArgs } from "./nginxProxy";
import { releasesFolder } from "./proxyService";
import { acmeName } from "./siteConf";

const RENEW_SCRIPT = path.join(__dirname, "../../scripts/renew-certificates.sh");

/**
 * Has the host get the certificates of sites with `tls.acme`, and renew them daily where they end soon. Nothing where no
 * site has it.
 *
 * @param served the sites are: the ACME service asks them
 */
export function createCertificates(
    name: string,
    { engine, prefix, sites, config, acmeRoot }: Omit<NginxProxyArgs, "project" | "services">,
    served: pulumi.Resource,
    parent: pulumi.Resource,
): void {
    const { host } = engine;
    const { acme } = config;
    const wanted = sites.filter(({ tls }) => tls?.source === "acme");
    if (!acme || wanted.length === 0) return;
    const script = fs.readFileSync(RENEW_SCRIPT, "utf8");
    const command = (action: string) =>
        asRoot(host.connection.user, [
            ...["bash", "--norc", "-c", script, "renew-certificates"],
            ...[action, prefix, releasesFolder(prefix)],
        ]);
    const settings = [
        `image ${acme.image}`,
        `server ${acme.server}`,
        `email ${acme.email}`,
        ...wanted.map((site) => ["certificate", acmeName(site), ...site.names].join(" ")),
        ...(acmeRoot === undefined ? [] : ["==> ca.pem", acmeRoot.trimEnd()]),
    ];
    hostCommand(
        name,
        {
            connection: commandConnection(host.connection),
            create: command("install"),
            delete: command("remove"),
            stdin: settings.map((line) => `${line}\n`).join(""),
            triggers: [host.dataId, host.machineId],
            logging: remote.Logging.None, // on failure, what the service says is the error's text
        },
        // Other names are an update; where it is made anew, the old one must not be taken off after it.
        { parent, dependsOn: served, deletedWith: host.dataResource, deleteBeforeReplace: true },
    );
}
