// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/checks.h"
#include "app/cli/load.h"
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "core/engine/bench.h"
#include "core/engine/machine_memory.h"
#include "core/engine/synth.h"
#include "core/model/open_model.h"
#include "kernels/bench.h"

#include <algorithm>
#include <memory>

namespace bwla {
namespace {

struct Options {
    std::string model;
    std::string synth;    ///< a shape instead of a model
    std::string format;   ///< empty = the model's own; of a shape, w1a6
    std::string choosing; ///< "host", "device"; empty = random tokens
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
    double roof = 0; ///< GB/s, 0 = not measured
};

/// What its memory delivers, as bench-kernels measures it; 0 where nobody can say. The rows are
/// measured by then: no failure of this may lose them.
double roofOf(const BackendInfo& backend, const CommonOptions& options) {
    constexpr std::int64_t room = std::int64_t{1} << 30; // a processor's takes half of it
    try {
        if (backend.backend == "vulkan")
            return makeVulkanBench(vulkanOptions(options))->roof();
        const std::int64_t available = availableMemory();
        if (backend.backend == "cpu" && (available == 0 || available > room))
            return KernelBench(backend.threads).roof();
    } catch (const KernelError&) { // a full device, for instance
    }
    return 0;
}

void checkFormat(const Options& options, const OpenModel& model) {
    const std::string own = model.artifact() != nullptr ? "w1a6" : options.engine.weights;
    if (!options.format.empty() && options.format != own)
        throw Error(ErrorCode::badArgument)
            .because(options.model + " has the format " + own + ", not " + options.format + ".");
}

double gbPerSecond(const WorkTime& work) {
    return work.microseconds > 0 ? 1e-3 * static_cast<double>(work.weightBytes) / work.microseconds
                                 : 0.0;
}

/// Of weights, while tokens are generated.
double gbPerSecond(const BenchRow& row) {
    return 1e-9 * static_cast<double>(row.tokenWeightBytes) * row.tokensPerSecond;
}

OrderedJson workDocument(const std::vector<WorkTime>& all) {
    OrderedJson document = OrderedJson::array();
    for (const WorkTime& work : all)
        document.push_back({{"work", work.work},
                            {"calls", work.calls},
                            {"us", work.microseconds},
                            {"weight_bytes", work.weightBytes}});
    return document;
}

OrderedJson rowsDocument(const Run& run, const std::vector<BenchRow>& rows) {
    const auto known = [](double value) {
        return value > 0 ? OrderedJson(value) : OrderedJson(nullptr);
    };
    OrderedJson document = OrderedJson::array();
    for (const BenchRow& row : rows) {
        const double speed = gbPerSecond(row);
        document.push_back({{"model", run.model},
                            {"backend", run.backend.backend},
                            {"device", run.backend.device},
                            {"format", run.format},
                            {"test", row.test},
                            {"tok_s", row.tokensPerSecond},
                            {"stddev", row.deviation},
                            {"memory_bytes", row.memoryBytes},
                            {"weight_bytes", nullptr},
                            {"gb_s", known(speed)},
                            {"roof_gb_s", known(run.roof)},
                            {"roof_share", nullptr}});
        if (row.tokenWeightBytes > 0)
            document.back()["weight_bytes"] = row.tokenWeightBytes;
        if (run.roof > 0)
            document.back()["roof_share"] = known(speed / run.roof);
        if (!row.work.empty())
            document.back()["work"] = workDocument(row.work);
    }
    return document;
}

/// Where a test's time goes, the longest first.
std::string workTable(const Run& run, const BenchRow& row) {
    std::vector<WorkTime> all = row.work;
    std::stable_sort(all.begin(), all.end(), [](const WorkTime& a, const WorkTime& b) {
        return a.microseconds > b.microseconds;
    });
    double total = 0;
    for (const WorkTime& work : all)
        total += work.microseconds;
    std::vector<std::vector<std::string>> cells;
    for (const WorkTime& work : all) {
        const double speed = gbPerSecond(work);
        cells.push_back({work.work, std::to_string(work.calls),
                         format("%.1f", work.microseconds / static_cast<double>(work.calls)),
                         format("%.0f", work.microseconds),
                         format("%.1f %%", 100 * work.microseconds / total),
                         speed > 0 ? format("%.0f", speed) : "",
                         speed > 0 && run.roof > 0 ? format("%.2f", speed / run.roof) : ""});
    }
    return format("\n%s, one %s, %.0f us on the device's clock:\n", row.test.c_str(),
                  row.test.starts_with("pp") ? "chunk" : "token", total) +
           markdownTable({"work", "calls", "us each", "us", "share", "GB/s", "of roof"}, cells);
}

std::string rowsTable(const Run& run, const std::vector<BenchRow>& rows) {
    std::vector<std::vector<std::string>> cells;
    for (const BenchRow& row : rows) {
        const double speed = gbPerSecond(row);
        cells.push_back(
            {run.model + " " + run.format, run.size, run.parameters,
             run.backend.backend + " " + run.backend.variant, std::to_string(run.backend.threads),
             row.test, format("%.2f ± %.2f", row.tokensPerSecond, row.deviation),
             bytesText(row.memoryBytes), speed > 0 ? bytesText(row.tokenWeightBytes) : "",
             speed > 0 ? format("%.1f", speed) : "",
             speed > 0 && run.roof > 0 ? format("%.2f", speed / run.roof) : ""});
    }
    return markdownTable({"model", "size", "params", "backend", "threads", "test", "t/s", "memory",
                          "weights a token", "GB/s", "of roof"},
                         cells);
}

void measure(Run run, Transformer& transformer, const Options& options, const Call& call) {
    BenchSettings settings = options.settings;
    settings.activationBits = options.engine.activationBits;
    using Choosing = BenchSettings::Choosing;
    if (!options.choosing.empty())
        settings.choosing = options.choosing == "host" ? Choosing::host : Choosing::device;
    const auto sink = [&](const Progress& progress) { call.console.progress(progress); };
    const auto rows = BenchJob(transformer).run(settings, sink, call.stop);
    run.backend = transformer.backend().info();
    if (std::ranges::any_of(rows, [](const BenchRow& row) {
            return row.tokenWeightBytes > 0 || !row.work.empty();
        }))
        run.roof = roofOf(run.backend, call.options);
    if (call.console.json()) {
        call.console.document(rowsDocument(run, rows));
        return;
    }
    std::string text = rowsTable(run, rows);
    if (run.roof > 0)
        text += format("\nroof %.1f GB/s", run.roof);
    for (const BenchRow& row : rows)
        if (!row.work.empty())
            text += workTable(run, row);
    call.console.line(text);
}

void benchModel(const Options& options, const Call& call) {
    OpenModel model(options.model);
    checkFormat(options, model);
    const auto backend = makeBackend(call.options, options.engine);
    const auto transformer = loadTransformer(*backend, model, options.engine, call);
    measure({model.name(),
             bytesText(model.fileBytes()),
             countText(model.config().parameters()),
             {},
             formatInUse(model, options.engine, bitsInUse(*transformer, options.engine))},
            *transformer, options, call);
}

SynthModel synthesized(const Options& options) {
    return synthModel(options.synth, options.format.empty() ? "w1a6" : options.format);
}

void benchShape(const Options& options, const Call& call) {
    const SynthModel model = synthesized(options);
    const auto backend = makeBackend(call.options, options.engine);
    const auto loaded = [&](double share) {
        Progress progress;
        progress.phase = "synthesize";
        progress.fraction = share;
        call.console.progress(progress);
    };
    Transformer transformer(*backend, model, loaded, call.stop);
    measure({options.synth + " (random)",
             bytesText(transformer.weightBytes()),
             countText(model.config.parameters()),
             {},
             model.format()},
            transformer, options, call);
}

void check(const Options& options) {
    if (options.model.empty() == options.synth.empty())
        throw Error(ErrorCode::badArgument)
            .because("bench needs either a model or --synth with the name of a shape.");
    if (!options.synth.empty())
        (void)synthesized(options);
    validate(options.settings);
}

void bench(const Options& options, const Call& call) {
    if (options.synth.empty())
        benchModel(options, call);
    else
        benchShape(options, call);
}

} // namespace

void addBench(Verbs& verbs) {
    auto options = std::make_shared<Options>();
    CLI::App* verb = verbs.add(
        "bench", "Tokens per second, in llama-bench's columns",
        [options](const Call& call) { bench(*options, call); },
        [options](const CommonOptions&) { check(*options); });
    verb->add_option("model", options->model, "Model");
    verb->add_option("--synth", options->synth, "Random weights of this shape instead of a model")
        ->check(CLI::IsMember(synthNames()));
    verb->add_flag("--profile", options->settings.profile,
                   "Where the time goes, by the device's own clock (vulkan)");
    verb->add_option("-p,--prompt-tokens", options->settings.promptTokens,
                     "Prompt tokens, 0 = no prompt test (default: 512)")
        ->check(zeroOrMore());
    verb->add_option("-n,--generate-tokens", options->settings.generateTokens,
                     "Generated tokens, 0 = no generation test (default: 128)")
        ->check(zeroOrMore());
    verb->add_option("--choose", options->choosing,
                     "Generate greedily instead of random tokens: host (from all logits) or device")
        ->check(CLI::IsMember({"host", "device"}));
    verb->add_option("-r,--repetitions", options->settings.repetitions,
                     "Measured runs of each test (default: 5)")
        ->check(aboveZero());
    verb->add_option("--format", options->format,
                     "Format of --synth; of a model, fail unless it has this one")
        ->check(CLI::IsMember({"w1a6", "f16", "f32"}));
    options->engine.addTo(*verb);
}

} // namespace bwla
