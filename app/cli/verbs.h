// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/cli/console.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <span>
#include <stop_token>
#include <string>

namespace bwla {

/// Options that every verb takes.
struct CommonOptions {
    bool json = false;
    std::string backend; ///< as typed; empty = the default
    int threads = 0;     ///< 0 = one a physical core
    std::string kernels; ///< "default", "measure"; empty = by the device
};

/// What a verb gets to run with. Failures are thrown: Error, KernelError or Cancelled.
struct Call {
    Console& console;
    const CommonOptions& options;
    std::stop_token stop;
    std::string commandLine; ///< as typed, quoted for a shell
};

/// The command line's verbs: each verb_*.cpp adds its own, main runs the one that was typed.
class Verbs {
public:
    explicit Verbs(CLI::App& app) : app_(app) {}

    /// A subcommand with the common options. The caller adds its own options to the result; `run`
    /// is called after the whole line was parsed. `check`, where given, comes before and throws
    /// Error{badArgument} for options that mean nothing, whatever the files say: a mistake in the
    /// command line like those that CLI11 finds.
    CLI::App* add(const std::string& name, const std::string& description,
                  std::function<void(const Call&)> run,
                  std::function<void(const CommonOptions&)> check = {});
    /// Runs the chosen verb and returns the exit code: 0, or 1 with one line on stderr.
    [[nodiscard]] int run(std::span<char* const> commandLine) const;

private:
    CLI::App& app_;
    CommonOptions options_;
    std::function<void(const Call&)> chosen_;
};

void addInfo(Verbs& verbs);
void addTokenize(Verbs& verbs);
void addLogits(Verbs& verbs);
void addChat(Verbs& verbs);
void addQuantize(Verbs& verbs);
void addEval(Verbs& verbs);
void addStudy(Verbs& verbs);
void addBench(Verbs& verbs);
void addBenchKernels(Verbs& verbs);
void addBenchQuantizer(Verbs& verbs);
void addSelftest(Verbs& verbs);
void addDevices(Verbs& verbs);
void addVerify(Verbs& verbs);
void addParcel(Verbs& verbs);

} // namespace bwla
