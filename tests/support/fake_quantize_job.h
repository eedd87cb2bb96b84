// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/artifact_writer.h"
#include "core/quant/quantize_job.h"
#include "tiny_quantized.h"

#include <memory>
#include <optional>
#include <random>
#include <semaphore>
#include <span>
#include <string>
#include <vector>

namespace bwla::test {

/// What a run tells and leaves behind, without its arithmetic: moments of random rows that grow two
/// peaks, a report a block, a written artifact.
class FakeJob : public QuantizeJob {
public:
    struct Script {
        std::counting_semaphore<> blocks{0}; ///< one release lets one block go on
        std::optional<Error> error;          ///< thrown after the first block
        int rounds = 4;                      ///< moments a block
    };
    explicit FakeJob(std::shared_ptr<Script> script) : script_(std::move(script)) {}

    QuantizeResult run(const QuantizeSettings& settings, const Sink<QuantizeEvent>& sink,
                       std::stop_token stop) override {
        const auto model = ModelSource::open(settings.modelPath);
        const auto& config = model->config();
        QuantizeResult result;
        for (std::int64_t block = 0; block < config.layers; ++block) {
            while (!script_->blocks.try_acquire_for(std::chrono::milliseconds(5)))
                throwIfStopped(stop);
            QuantizeEvent event;
            event.progress = {.phase = "fit",
                              .step = "attn_in: rotation",
                              .block = block,
                              .blocks = config.layers,
                              .fraction =
                                  static_cast<double>(block) / static_cast<double>(config.layers)};
            for (int round = 0; round <= script_->rounds; ++round)
                sendRound(event, sink, settings, round);
            result.blocks.push_back(report(block));
            event.moment = nullptr;
            event.progress.fraction =
                static_cast<double>(block + 1) / static_cast<double>(config.layers);
            event.progress.etaSeconds = 65;
            event.progress.etaSpreadSeconds = 5;
            event.finished = &result.blocks.back();
            sink(event);
            throwIfStopped(stop);
            if (script_->error)
                throw *script_->error;
        }
        writeArtifact(
            settings.outputPath, *model,
            {.recipeJson = {}, .recipeHash = {}, .calibration = "self"},
            [&](std::int64_t layer) { return randomBlock(config, layer); },
            [](const std::filesystem::path&) { return std::string("{}"); });
        result.out = settings.outputPath;
        result.ledger = Artifact::open(settings.outputPath)->ledger();
        result.layers = config.layers;
        result.seconds = 272;
        result.peakRssBytes = 1'520'000'000;
        return result;
    }

private:
    static BlockReport report(std::int64_t block) {
        BlockReport report{.block = block, .groups = {}};
        for (const InputGroup& g : groups()) {
            GroupReport& r = report.groups[static_cast<std::size_t>(g.kind)];
            r.kind = g.kind;
            r.activationError =
                0.05 + 0.1 * static_cast<double>(block) + 0.01 * static_cast<int>(g.kind);
            r.plainError = 0.39;
        }
        report.seconds = 7.5;
        return report;
    }

    static void sendRound(QuantizeEvent& event, const Sink<QuantizeEvent>& sink,
                          const QuantizeSettings& settings, int round) {
        if (!settings.trace)
            return;
        std::mt19937 random(1);
        std::normal_distribution<float> bell(0.0F, 0.1F);
        std::vector<float> rows(2 * 576);
        for (std::size_t i = 0; i < rows.size(); ++i)
            rows[i] =
                bell(random) * (round == 0 ? 1.0F : 1.0F - 0.15F * static_cast<float>(round)) +
                0.025F * static_cast<float>(round) * (i % 2 == 0 ? 1.0F : -1.0F);
        const std::vector<std::int64_t> index{0, 480};
        const float factor = 1.0F;
        FitMoment moment{.block = event.progress.block,
                         .kind = GroupKind::attnIn,
                         .stage = round == 0 ? FitStage::original : FitStage::rotation,
                         .round = round,
                         .rounds = 20,
                         .cols = 576};
        if (round > 0)
            moment.objective = 0.8 + 0.02 * round;
        moment.rowIndex = index;
        moment.rows = rows;
        moment.factorA = moment.factorB = std::span(&factor, 1);
        event.moment = &moment;
        sink(event);
    }

    std::shared_ptr<Script> script_;
};

} // namespace bwla::test
