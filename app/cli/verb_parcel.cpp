// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "core/journal/run_parcel.h"
#include "core/model/model_source.h"

#include <memory>

namespace bwla {
namespace {

struct ParcelOptions {
    std::string model, output, pack, unpack;
};

void parcel(const ParcelOptions& options, const Call& call) {
    const auto model = ModelSource::open(options.model);
    if (!options.unpack.empty()) {
        unpackRun(options.unpack, options.output, model->config());
        if (call.console.json())
            call.console.document({{"out", options.output}});
        else
            call.console.line("Unpacked. The command that began " + options.output +
                              ", with --resume, continues it.");
        return;
    }
    const RunParcel packed = packRun(options.output, options.pack, model->config());
    if (call.console.json())
        call.console.document(
            {{"parcel", options.pack}, {"pieces", packed.pieces}, {"bytes", packed.bytes}});
    else
        call.console.line(
            format("Packed %s in %d pieces.", bytesText(packed.bytes).c_str(), packed.pieces));
}

} // namespace

void addParcel(Verbs& verbs) {
    auto options = std::make_shared<ParcelOptions>();
    CLI::App* verb =
        verbs.add("parcel", "Carry an unfinished refinement of signs to another machine",
                  [options](const Call& call) { parcel(*options, call); });
    verb->add_option("model", options->model, "The original model")->required();
    verb->add_option("-o,--output", options->output, "The run's output folder")->required();
    auto* way = verb->add_option_group("Way", "Exactly one of")->require_option(1);
    way->add_option("--pack", options->pack, "Folder to make, of pieces of at most 16 MiB");
    way->add_option("--unpack", options->unpack, "Folder that --pack made");
}

} // namespace bwla
