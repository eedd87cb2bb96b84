// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/load.h"
#include "core/model/open_model.h"
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "core/engine/bench.h"

#include <memory>

namespace bwla {
namespace {

struct Options {
    std::string model;
    std::string format; ///< empty = the model's own
    BenchSettings settings;
    EngineOptions engine;
};

/// What a row says about the run, the same for all rows.
struct Run {
    std::string model;
    std::string size;
    std::string parameters;
    BackendInfo backend;
    std::string format;
};

void checkFormat(const Options& options, const OpenModel& model) {
    const std::string own = model.artifact() != nullptr ? "w1a6" : options.engine.weights;
    if (!options.format.empty() && options.format != own)
        throw Error(ErrorCode::badArgument)
            .because(options.model + " has the format " + own + ", not " + options.format + ".");
}

OrderedJson rowsDocument(const Run& run, const std::vector<BenchRow>& rows) {
    OrderedJson document = OrderedJson::array();
    for (const BenchRow& row : rows)
        document.push_back({{"model", run.model},
                            {"backend", run.backend.backend},
                            {"device", run.backend.device},
                            {"format", run.format},
                            {"test", row.test},
                            {"tok_s", row.tokensPerSecond},
                            {"stddev", row.deviation},
                            {"memory_bytes", row.memoryBytes}});
    return document;
}

std::string rowsTable(const Run& run, const std::vector<BenchRow>& rows) {
    std::vector<std::vector<std::string>> cells;
    for (const BenchRow& row : rows)
        cells.push_back({run.model + " " + run.format, run.size, run.parameters,
                         run.backend.backend + " " + run.backend.variant,
                         std::to_string(run.backend.threads), row.test,
                         format("%.2f ± %.2f", row.tokensPerSecond, row.deviation),
                         bytesText(row.memoryBytes)});
    return markdownTable({"model", "size", "params", "backend", "threads", "test", "t/s", "memory"},
                         cells);
}

void bench(const Options& options, const Call& call) {
    OpenModel model(options.model);
    checkFormat(options, model);
    const auto backend = makeBackend(call.options, options.engine);
    const auto transformer = loadTransformer(*backend, model, options.engine, call);
    BenchSettings settings = options.settings;
    settings.activationBits = options.engine.activationBits;
    const auto sink = [&](const Progress& progress) { call.console.progress(progress); };
    const auto rows = BenchJob(*transformer).run(settings, sink, call.stop);
    const Run run{model.name(), bytesText(model.fileBytes()),
                  countText(model.config().parameters()), backend->info(),
                  formatInUse(model, options.engine, bitsInUse(*transformer, options.engine))};
    if (call.console.json())
        call.console.document(rowsDocument(run, rows));
    else
        call.console.line(rowsTable(run, rows));
}

} // namespace

void addBench(Verbs& verbs) {
    auto options = std::make_shared<Options>();
    CLI::App* verb = verbs.add("bench", "Tokens per second, in llama-bench's columns",
                               [options](const Call& call) { bench(*options, call); });
    verb->add_option("model", options->model, "Model")->required();
    verb->add_option("-p,--prompt-tokens", options->settings.promptTokens,
                     "Prompt tokens, 0 = no prompt test (default: 512)")
        ->check(CLI::NonNegativeNumber);
    verb->add_option("-n,--generate-tokens", options->settings.generateTokens,
                     "Generated tokens, 0 = no generation test (default: 128)")
        ->check(CLI::NonNegativeNumber);
    verb->add_option("-r,--repetitions", options->settings.repetitions,
                     "Measured runs of each test (default: 5)")
        ->check(CLI::PositiveNumber);
    verb->add_option("--format", options->format, "Fail unless the model has this format")
        ->check(CLI::IsMember({"w1a6", "f16", "f32"}));
    options->engine.addTo(*verb);
}

} // namespace bwla
