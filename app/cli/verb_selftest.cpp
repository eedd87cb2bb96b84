// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/load.h"
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "kernels/selftest.h"

#include <algorithm>

namespace bwla {
namespace {

void failOnTheFirstWrongOne(const std::vector<KernelCheck>& checks) {
    const auto wrong = std::find_if(checks.begin(), checks.end(),
                                    [](const KernelCheck& check) { return !check.ok; });
    if (wrong != checks.end())
        throw Error(ErrorCode::backend)
            .because("kernel " + wrong->kernel + " (" + wrong->level +
                     ") disagrees with its scalar twin: " + wrong->detail);
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

void runSelftest(const Call& call) {
    const auto checks = checksOf(call);
    failOnTheFirstWrongOne(checks);
    OrderedJson document = OrderedJson::array();
    std::vector<std::vector<std::string>> rows;
    for (const KernelCheck& check : checks) {
        document.push_back({{"kernel", check.kernel},
                            {"level", check.level},
                            {"ok", check.ok},
                            {"max_error", check.maxError}});
        rows.push_back({check.kernel, check.level, format("%.1e", check.maxError)});
    }
    if (call.console.json()) {
        call.console.document(document);
        return;
    }
    call.console.line(markdownTable({"kernel", "level", "largest error"}, rows));
    call.console.line(format("All %zu kernels agree with their scalar twins.", checks.size()));
}

} // namespace

void addSelftest(Verbs& verbs) {
    verbs.add("selftest", "Check every kernel of this machine against its scalar twin",
              runSelftest);
}

} // namespace bwla
