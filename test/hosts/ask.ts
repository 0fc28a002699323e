import * as http from "node:http";
import * as https from "node:https";

export interface Answer {
    status: number;
    headers: http.IncomingHttpHeaders;
    body: string;
}

export interface Question {
    /** Default: `/` */
    path?: string;
    headers?: Record<string, string>;
    method?: string;
    body?: string;
    /** Asks by TLS, and believes these certificates, PEM. */
    ca?: string;
}

/** Asks 127.0.0.1 for a site by its host name, on a connection of its own. */
export function ask(port: number, host: string, question: Question = {}): Promise<Answer> {
    const { path = "/", method, body, ca } = question;
    const options = {
        host: "127.0.0.1",
        port,
        path,
        method,
        agent: false,
        timeout: 30_000,
        headers: { host, connection: "close", ...question.headers },
    };
    return new Promise((resolve, reject) => {
        const take = (response: http.IncomingMessage) => {
            const chunks: Buffer[] = [];
            response.on("data", (chunk: Buffer) => chunks.push(chunk));
            response.on("error", reject);
            response.on("end", () =>
                resolve({
                    status: response.statusCode ?? 0,
                    headers: response.headers,
                    body: Buffer.concat(chunks).toString(),
                }),
            );
        };
        const request =
            ca === undefined ? http.request(options, take) : https.request({ ...options, ca, servername: host }, take);
        request.on("timeout", () => request.destroy(new Error(`${host}${path}: no answer within 30 s`)));
        request.on("error", reject);
        request.end(body);
    });
}
