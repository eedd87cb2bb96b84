// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/quantize_selftest.h"

#include "app/cli/text.h"
#include "core/quant/quantizer_module.h"

namespace bwla {
namespace {

#ifdef BWLA_CUDA
constexpr bool hasCuda = true;
#else
constexpr bool hasCuda = false; ///< then the module, which takes 0.7 s to load, is left alone
#endif

std::string line(const TrainingCheck& check) {
    return format("%-50s %s %.1e (%s)", check.what.c_str(), check.ok ? "ok   " : "WRONG",
                  check.error, check.detail.c_str());
}

std::string line(const TrainingRun& run) {
    std::string text =
        format("%s, %.0f tokens/s, KL a step:", run.way.c_str(), run.tokensPerSecond);
    for (const double kl : run.kl)
        text += format(" %.3f", kl);
    return text;
}

} // namespace

void TrainingSelftest::addTo(CLI::App& verb) {
    verb.add_option("--refine", settings_.modelPath,
                    "Also train the first steps of this model in every way that a GPU has: KL of "
                    "each step, gradients against float32")
        ->type_name("MODEL");
    verb.add_option("--calibration", settings_.calibration, "Text for --refine, as quantize has it")
        ->capture_default_str();
    verb.add_option("--steps", settings_.steps, "Steps of --refine")
        ->capture_default_str()
        ->check(CLI::Range(1, 1000));
}

TrainingCheckResult TrainingSelftest::run(const Call& call) const {
    if (!hasCuda && settings_.modelPath.empty())
        return {};
    const auto job = loadTrainingCheck();
    const auto sink = [&](const TrainingCheckEvent& event) {
        if (!call.console.json())
            call.console.line(event.check != nullptr ? line(*event.check) : line(*event.run));
        (void)call.console.flush();
    };
    TrainingCheckResult result = job->run(settings_, sink, call.stop);
    if (result.checks.empty() && !settings_.modelPath.empty())
        throw Error(ErrorCode::badArgument)
            .because("--refine needs an NVIDIA GPU and a quantizer built for it; leave it out");
    return result;
}

} // namespace bwla
