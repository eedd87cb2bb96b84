// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/load.h"
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "kernels/selftest.h"
#ifdef BWLA_QUANT
#include "app/cli/quantize_selftest.h"
#endif

#include <algorithm>
#include <functional>
#include <memory>

namespace bwla {
namespace {

void failOnTheFirstWrongOne(const std::vector<KernelCheck>& checks, const std::string& reference) {
    const auto wrong = std::find_if(checks.begin(), checks.end(),
                                    [](const KernelCheck& check) { return !check.ok; });
    if (wrong != checks.end())
        throw Error(ErrorCode::backend)
            .because("kernel " + wrong->kernel + " (" + wrong->level + ") disagrees with " +
                     reference + ": " + wrong->detail);
}

/// The kernels of the named backend; those of the processor and of a GPU where none is named.
std::vector<KernelCheck> checksOf(const Call& call) {
    const std::string chosen = backendInUse(call.options);
    std::vector<KernelCheck> checks;
    if (chosen != "vulkan" || call.options.backend.empty())
        checks = selftest();
    if (chosen == "vulkan")
        for (KernelCheck& check : vulkanSelftest(vulkanOptions(call.options)))
            checks.push_back(std::move(check));
    return checks;
}

std::string tableOf(const std::vector<KernelCheck>& checks) {
    std::vector<std::vector<std::string>> rows;
    for (const KernelCheck& check : checks)
        rows.push_back({check.kernel, check.level, format("%.1e", check.maxError)});
    return markdownTable({"kernel", "level", "largest error"}, rows);
}

OrderedJson documentOf(const std::vector<KernelCheck>& checks) {
    OrderedJson document = OrderedJson::array();
    for (const KernelCheck& check : checks)
        document.push_back({{"kernel", check.kernel},
                            {"level", check.level},
                            {"ok", check.ok},
                            {"max_error", check.maxError}});
    return document;
}

/// `training` says what the quantizer's kernels on a GPU found.
void runSelftest(const Call& call, const std::function<std::vector<KernelCheck>()>& training) {
    std::vector<KernelCheck> checks = checksOf(call);
    failOnTheFirstWrongOne(checks, "its scalar twin");
    if (!call.console.json()) {
        call.console.line(tableOf(checks));
        call.console.line(format("All %zu kernels agree with their scalar twins.", checks.size()));
    }
    const std::vector<KernelCheck> trained = training();
    failOnTheFirstWrongOne(trained, "float32");
    checks.insert(checks.end(), trained.begin(), trained.end());
    if (call.console.json())
        call.console.document(documentOf(checks));
    else if (!trained.empty())
        call.console.line("The kernels that train agree with libtorch's operations.");
}

} // namespace

void addSelftest(Verbs& verbs) {
    const char* description = "Check every kernel of this machine against its scalar twin";
#ifdef BWLA_QUANT
    auto training = std::make_shared<TrainingSelftest>();
    CLI::App* verb = verbs.add("selftest", description, [training](const Call& call) {
        runSelftest(call, [&] {
            std::vector<KernelCheck> checks;
            for (const TrainingCheck& check : training->run(call).checks)
                checks.push_back({check.what, "cuda", check.ok, check.error, check.detail});
            return checks;
        });
    });
    training->addTo(*verb);
#else
    verbs.add("selftest", description, [](const Call& call) {
        runSelftest(call, [] { return std::vector<KernelCheck>(); });
    });
#endif
}

} // namespace bwla
