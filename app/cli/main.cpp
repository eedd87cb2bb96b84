// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/interrupt.h"
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#ifdef BWLA_QUANT
#include "core/quant/quantizer_module.h"
#endif

#include <iostream>

namespace {

using namespace bwla;

constexpr int usageError = 2;

void addVerbs(Verbs& verbs) {
    addInfo(verbs);
#ifdef BWLA_QUANT
    addQuantize(verbs);
    addStudy(verbs);
    addBenchQuantizer(verbs);
#endif
    addChat(verbs);
    addEval(verbs);
    addBench(verbs);
    addBenchKernels(verbs);
    addDevices(verbs);
    addSelftest(verbs);
    addVerify(verbs);
    addParcel(verbs);
    addTokenize(verbs);
    addLogits(verbs);
}

/// CLI11 only says that a verb is missing where an unknown one was given.
std::string reason(const CLI::App& app, const CLI::ParseError& error, const char* firstArgument) {
    if (app.get_subcommands().empty() && firstArgument != nullptr && *firstArgument != '-')
        return std::string("There is no verb \"") + firstArgument + '"';
    return error.what();
}

/// Help and version are printed and fine; anything else is one line on stderr.
int usage(const CLI::App& app, const CLI::ParseError& error, const char* firstArgument) {
    if (error.get_exit_code() == 0)
        return app.exit(error);
    const auto chosen = app.get_subcommands();
    const std::string verb = chosen.empty() ? "" : chosen.front()->get_name() + " ";
    std::cerr << oneLine(reason(app, error, firstArgument)) << ". See: bwla " << verb << "--help\n";
    return usageError;
}

} // namespace

int main(int argc, char** argv) {
#ifdef BWLA_QUANT
    shortenBarrierSpins();
#endif
    watchInterrupts();
    CLI::App app("1-bit weights, 6-bit activations: quantize a language model and chat with it.",
                 "bwla");
    app.set_version_flag("--version", "bwla " BWLA_VERSION);
    app.require_subcommand(1);
    Verbs verbs(app);
    addVerbs(verbs);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return usage(app, error, argc > 1 ? argv[1] : nullptr);
    }
    return verbs.run({argv, static_cast<std::size_t>(argc)});
}
