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
    projects: [suite("unit"), suite("scripts"), suite("e2e"), suite("upkeep"), suite("faults")],
};
