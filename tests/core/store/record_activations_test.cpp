// SPDX-License-Identifier: GPL-3.0-or-later
//
// Activations recorded after the fact, against the engine's own preparation of the same inputs.
#include "core/inspect/group_inputs.h"
#include "core/model/artifact_writer.h"
#include "core/model/kept_group.h"
#include "core/store/record_activations_job.h"
#include "core/store/run_store.h"
#include "in_memory_weights.h"
#include "tiny_pair.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>

using namespace bwla;
using namespace bwla::test;

namespace fs = std::filesystem;

class RecordActivationsTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;

    [[nodiscard]] fs::path at(const char* name) const {
        return fs::path(folder_.path().toStdString()) / name;
    }
    [[nodiscard]] RecordActivationsSettings settings(const char* database) const {
        return {.original = at("original").string(),
                .artifact = at("quantized").string(),
                .database = at(database),
                .tokens = 40};
    }
    [[nodiscard]] Outcome<RecordActivationsResult> record(
        const RecordActivationsSettings& what,
        const Sink<RecordActivationsEvent>& sink = [](const RecordActivationsEvent&) {},
        const std::stop_token& stop = {}) const {
        RecordActivationsJob job([] { return makeCpuBackend(); });
        return runJob(job, what, sink, stop);
    }

private slots:
    void initTestCase() {
        writeTinyFolder(at("original"));
        const auto source = ModelSource::open(at("original"));
        writeArtifact(
            at("quantized"), *source, {},
            [&](std::int64_t layer) {
                QuantizedBlock block = randomBlock(source->config(), layer);
                if (layer == 0)
                    block.groups[2] = keptGroup(*source, 0, GroupKind::mlpIn);
                return block;
            },
            [](const fs::path&) { return std::string("{}"); });
    }

    /// Groups come in the order of the forward pass; the first reads the normalised embedding.
    void groupsComeInOrder() {
        const InMemoryWeights weights = binaryModel(tinyConfig(), 51);
        const auto backend = makeReferenceBackend();
        Transformer model(*backend, weights);
        const auto tokens = Random(52).tokens(12, 70);
        int heard = 0;
        std::vector<float> first;
        eachGroupInput(model, weights, tokens,
                       [&](std::int64_t block, GroupKind kind, const HostInput& input,
                           const std::vector<float>& rows) {
                           QCOMPARE(block, std::int64_t{heard / groupCount});
                           QCOMPARE(static_cast<int>(kind), heard % groupCount);
                           QCOMPARE(std::ssize(rows), 12 * input.cols);
                           if (heard++ == 0)
                               first = rows;
                       });
        QCOMPARE(heard, 12);
        const std::vector<float>& gain = weights.layers[0].attnNorm;
        for (std::size_t t = 0; t < tokens.size(); ++t) {
            const float* row = weights.table.f32.data() + tokens[t] * weights.table.cols;
            double square = 0.0;
            for (std::size_t j = 0; j < gain.size(); ++j)
                square += double{row[j]} * row[j];
            const double rms = std::sqrt(square / double(gain.size()) + 1e-5);
            for (std::size_t j = 0; j < gain.size(); ++j)
                QVERIFY(std::abs(first[t * gain.size() + j] - row[j] / rms * gain[j]) < 1e-5);
        }
    }

    /// The halves together are the block: the stream after all of them gives the model's logits.
    void lastGroupBelongsToTheWholeModel() {
        const InMemoryWeights weights = floatModel(tinyConfig(), 53);
        const auto backend = makeReferenceBackend();
        Transformer model(*backend, weights);
        const auto tokens = Random(54).tokens(9, 70);
        std::vector<float> gated;
        eachGroupInput(model, weights, tokens,
                       [&](std::int64_t block, GroupKind kind, const HostInput&,
                           const std::vector<float>& rows) {
                           if (block == 2 && kind == GroupKind::mlpOut)
                               gated = rows;
                       });
        Buffer x;
        BlockScratch scratch{};
        const auto table = backend->upload(weights.embedding());
        const auto plan = backend->record(
            [&](Recorder& recorder) {
                x = recorder.buffer(48);
                scratch = model.scratch(recorder);
                recorder.embed(*table, x);
                for (std::int64_t layer = 0; layer < 3; ++layer)
                    model.recordBlock(recorder, layer, scratch, x, 16);
            },
            9);
        const auto cache = model.cache(9);
        backend->run(*plan, {tokens, 0, cache.get()});
        QCOMPARE(gated, plan->read(scratch.gate, 9));
    }

    void everyQuantizedGroupIsKept() {
        double last = 0.0;
        const auto outcome = record(settings("a.db"), [&](const RecordActivationsEvent& event) {
            QVERIFY(event.progress.fraction >= last && event.progress.fraction <= 1.0);
            last = event.progress.fraction;
        });
        QVERIFY(outcome.result.has_value());
        QCOMPARE(outcome.result->tokens, std::int64_t{40});
        QCOMPARE(outcome.result->groups, std::int64_t{7});
        const auto artifact = Artifact::open(at("quantized"));
        Database database(at("a.db"));
        const RunStore store(database);
        const FolderKey key{at("quantized").string(), artifact->recipeHash()};
        QVERIFY(!store.folderActivations(key, 0, GroupKind::mlpIn)); // in float
        QVERIFY(!store.folderActivations({key.path, "another recipe"}, 0, GroupKind::attnIn));
        const auto found = store.folderActivations(key, 1, GroupKind::mlpOut);
        QVERIFY(found.has_value());
        QCOMPARE(found->cols, std::int64_t{80});
        QCOMPARE(found->tokens, std::int64_t{40});
        QCOMPARE(found->clip, double{halfToFloat(floatToHalf(0.9F))});
        QVERIFY(found->before.peakToRms > 1.0);
        QVERIFY(found->after.channelMaxima != found->before.channelMaxima);
        QCOMPARE(found->after.map.size(), std::size_t(found->mapTokens * 80));
    }

    void sameAgainAndReplacesTheOld() {
        QVERIFY(record(settings("b.db")).result.has_value());
        QVERIFY(record(settings("b.db")).result.has_value());
        const auto read = [&](const char* name) {
            Database database(at(name));
            const FolderKey key{at("quantized").string(),
                                Artifact::open(at("quantized"))->recipeHash()};
            return RunStore(database).folderActivations(key, 0, GroupKind::attnIn)->before.map;
        };
        QVERIFY(!read("b.db").empty());
        QVERIFY(read("b.db") == read("a.db")); // a fixed seed
    }

    void cancelledRecordsNothing() {
        std::stop_source stop;
        const auto outcome = record(
            settings("c.db"),
            [&](const RecordActivationsEvent& event) {
                if (event.progress.phase == "read")
                    stop.request_stop();
            },
            stop.get_token());
        QCOMPARE(outcome.state, Outcome<RecordActivationsResult>::State::cancelled);
        QVERIFY(!fs::exists(at("c.db")));
    }

    void missingOriginalIsAnError() {
        RecordActivationsSettings broken = settings("d.db");
        broken.original = at("nothing").string();
        const auto outcome = record(broken);
        QVERIFY(outcome.error && outcome.error->code == ErrorCode::notFound);
    }
};

QTEST_GUILESS_MAIN(RecordActivationsTest)
#include "record_activations_test.moc"
