// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/record_activations_job.h"

#include "core/engine/sampler.h"
#include "core/engine/session.h"
#include "core/inspect/group_inputs.h"
#include "core/inspect/kronecker_map.h"
#include "core/model/open_model.h"
#include "core/store/run_store.h"
#include "core/text/start_of_text.h"

#include <algorithm>

namespace bwla {
namespace {

constexpr double writeShare = 0.6; // of the time, default model on a processor; the bar only
constexpr double loadShare = 0.1;

using Report = std::function<void(const char* phase, double fraction)>;

/// As self-written calibration text: temperature 1, from an empty prompt.
std::vector<std::int32_t> writtenText(const std::string& path, Backend& backend,
                                      std::int64_t tokens, const Report& report,
                                      const std::stop_token& stop) {
    OpenModel model(path);
    const std::int64_t count = std::min(tokens, model.config().context);
    Transformer transformer(
        backend, model.weights(WeightKind::f16),
        [&](double share) { report("write", loadShare * share); }, stop);
    Session session(transformer, count);
    Sampler sampler(1.0, 0);
    std::vector<std::int32_t> text{startOfText(model.tokenizer())};
    while (std::ssize(text) < count) {
        const auto logits = session.feed({&text.back(), 1}, stop);
        throwIfStopped(stop);
        text.push_back(sampler.next(logits));
        report("write", loadShare + (writeShare - loadShare) * static_cast<double>(text.size()) /
                                        static_cast<double>(count));
    }
    return text;
}

/// x'' of every row, as the engine would compute it.
std::vector<float> preparedRows(const HostInput& input, const std::vector<float>& rows) {
    const KroneckerMap rotation =
        KroneckerMap::forward(input.r1, input.r2, input.factor1, input.factor2);
    const auto cols = static_cast<std::size_t>(input.cols);
    std::vector<float> prepared;
    prepared.reserve(rows.size());
    for (std::size_t start = 0; start < rows.size(); start += cols) {
        std::vector<float> row = rotation.apply(std::span(rows).subspan(start, cols));
        for (std::size_t j = 0; j < input.columnScale.size(); ++j)
            row[j] *= input.columnScale[j];
        prepared.insert(prepared.end(), row.begin(), row.end());
    }
    return prepared;
}

} // namespace

RecordActivationsResult RecordActivationsJob::run(const RecordActivationsSettings& settings,
                                                  const Sink<RecordActivationsEvent>& sink,
                                                  std::stop_token stop) {
    const Report report = [&](const char* phase, double fraction) {
        throwIfStopped(stop);
        RecordActivationsEvent event;
        event.progress.phase = phase;
        event.progress.fraction = fraction;
        sink(event);
    };
    const auto backend = makeBackend_();
    const auto artifact = Artifact::open(settings.artifact);
    const auto text = writtenText(settings.original, *backend, settings.tokens, report, stop);
    struct Kept {
        std::int64_t block;
        GroupKind kind;
        ActivationRecord record;
    };
    std::vector<Kept> records;
    Transformer transformer(
        *backend, *artifact, [&](double share) { report("read", writeShare + loadShare * share); },
        stop);
    eachGroupInput(
        transformer, *artifact, text,
        [&](std::int64_t block, GroupKind kind, const HostInput& input,
            const std::vector<float>& rows) {
            const double blocks = static_cast<double>(artifact->config().layers);
            report("read",
                   writeShare + loadShare +
                       (1.0 - writeShare - loadShare) * static_cast<double>(block) / blocks);
            if (artifact->isKept(block, kind))
                return;
            const std::vector<float> after = preparedRows(input, rows);
            GroupActivations activations{.block = block, .kind = kind, .cols = input.cols};
            activations.inputs = rows;
            activations.prepared = after;
            activations.clip = input.clipHigh;
            records.push_back({block, kind, activationRecord(activations)});
        });
    Database database(settings.database);
    RunStore store(database);
    Transaction whole(database);
    for (const Kept& kept : records)
        store.putFolderActivations({settings.artifact, artifact->recipeHash()}, kept.block,
                                   kept.kind, kept.record);
    whole.commit();
    return {std::ssize(text), std::ssize(records)};
}

} // namespace bwla
