// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/load.h"
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "core/eval/golden_probe.h"
#include "core/model/artifact.h"

#include <memory>

namespace bwla {
namespace {

void verify(const std::string& path, const Call& call) {
    if (!Artifact::isArtifact(path) && std::filesystem::exists(path))
        throw Error(ErrorCode::badArgument)
            .because(path +
                     " is not a quantized model. verify checks folders that bwla quantize wrote.");
    const auto artifact = Artifact::open(path);
    const auto backend = makeBackend(call.options);
    const ArtifactCheck check = verifyArtifact(*artifact, *backend);
    if (call.console.json())
        call.console.document(
            {{"ok", true}, {"probe_max_error", check.probeMaxError}, {"tensors", check.tensors}});
    else
        call.console.line(format("Sound: %lld tensors match their hashes, and the stored probe is "
                                 "answered with an error of %.1e.",
                                 static_cast<long long>(check.tensors), check.probeMaxError));
}

} // namespace

void addVerify(Verbs& verbs) {
    auto path = std::make_shared<std::string>();
    CLI::App* verb = verbs.add("verify", "Check a quantized model: every byte, and its probe",
                               [path](const Call& call) { verify(*path, call); });
    verb->add_option("model", *path, "Quantized folder")->required();
}

} // namespace bwla
