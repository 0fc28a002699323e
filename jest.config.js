"use strict";

const typescript = { "^.+\\.ts$": ["@swc/jest", { jsc: { parser: { syntax: "typescript" }, target: "es2022" } }] };
const suite = (name, extra) => ({
    displayName: name,
    testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
    transform: typescript,
    testEnvironment: "node",
    ...extra,
});

/** @type {import("jest").Config} */
module.exports = {
    // A slow machine is no failure: what hangs ends all the same.
    testTimeout: 60_000,
    projects: [suite("unit"), suite("scripts"), suite("e2e"), suite("upkeep"), suite("faults")],
};
