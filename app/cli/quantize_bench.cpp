// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "core/engine/synth.h"
#include "core/quant/quantizer_module.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

namespace bwla {
namespace {

struct Options {
    std::string shape = "smollm2-135m", preset = "fast", device = "cpu";
    std::optional<int> rounds;
};

BlockBenchSettings settingsOf(const Options& options, const CommonOptions& common) {
    const ModelConfig shape = synthModel(options.shape, "f16").config;
    BlockBenchSettings settings{shape.width,   shape.feedForward,
                                shape.heads,   shape.kvHeads,
                                shape.headDim, presetSettings(options.preset, options.device)};
    settings.quantize.threads = common.threads;
    if (options.rounds)
        settings.quantize.oktRounds = *options.rounds;
    return settings;
}

/// A row a stage, a column a group.
std::string tableOf(const BlockBenchResult& result) {
    std::vector<std::string> stages;
    std::map<std::string, std::map<std::string, double>> seconds;
    for (const StageSeconds& s : result.stages) {
        if (std::find(stages.begin(), stages.end(), s.stage) == stages.end())
            stages.push_back(s.stage);
        seconds[s.stage][s.group] += s.seconds;
    }
    std::vector<std::string> head{"seconds"};
    for (const InputGroup& g : groups())
        head.emplace_back(g.name);
    head.emplace_back("all");
    std::vector<std::vector<std::string>> rows;
    for (const std::string& stage : stages) {
        rows.push_back({stage});
        double all = 0.0;
        for (const InputGroup& g : groups()) {
            const double one = seconds[stage][std::string(g.name)];
            rows.back().push_back(format("%.3f", one));
            all += one;
        }
        rows.back().push_back(format("%.3f", all));
    }
    return markdownTable(head, rows);
}

void bench(const Options& options, const Call& call) {
    const auto job = loadBlockBench();
    const BlockBenchResult result = job->run(
        settingsOf(options, call.options), [](const StageSeconds&) {}, call.stop);
    if (call.console.json()) {
        OrderedJson stages = OrderedJson::array();
        for (const StageSeconds& s : result.stages)
            stages.push_back({{"group", s.group}, {"stage", s.stage}, {"seconds", s.seconds}});
        call.console.document({{"shape", options.shape},
                               {"weights", result.weights},
                               {"seconds", result.seconds},
                               {"stages", stages}});
        return;
    }
    call.console.line(tableOf(result));
    call.console.line(format("%.2f s for a block of %.1f million weights, %s.", result.seconds,
                             1e-6 * static_cast<double>(result.weights), options.shape.c_str()));
}

} // namespace

void addBenchQuantizer(Verbs& verbs) {
    auto options = std::make_shared<Options>();
    CLI::App* verb =
        verbs.add("bench-quantizer", "Quantize one decoder block of random weights, timed by stage",
                  [options](const Call& call) { bench(*options, call); });
    verb->add_option("--shape", options->shape, "Whose decoder block")
        ->check(CLI::IsMember(synthNames()))
        ->capture_default_str();
    verb->add_option("--preset", options->preset, "Its closed form")
        ->check(CLI::IsMember(std::vector<std::string>(presetNames().begin(), presetNames().end())))
        ->capture_default_str();
    verb->add_option("--okt-rounds", options->rounds, "Rounds of the rotation")
        ->check(CLI::Range(0, 1000));
    verb->add_option("--device", options->device, "cpu or cuda")
        ->check(CLI::IsMember({"cpu", "cuda"}))
        ->capture_default_str();
}

} // namespace bwla
