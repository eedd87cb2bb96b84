// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspect/inspect_reader.h"

#include "core/error_text.h"

#include <QMetaObject>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>

namespace bwla::ui {
namespace {

namespace fs = std::filesystem;

fs::path pathOf(const QString& text) {
    return fs::path(text.toStdString());
}

QString textOf(const fs::path& path) {
    return QString::fromStdString(path.string());
}

bool wasRefined(const Artifact& artifact) {
    const auto config = nlohmann::json::parse(artifact.quantizationConfig(), nullptr, false);
    return config.is_object() &&
           config.value("recipe", nlohmann::json::object()).contains("refinement");
}

} // namespace

InspectReader::InspectReader(fs::path database, QObject* parent)
    : QObject(parent), database_(std::move(database)),
      worker_([this](const std::stop_token& stop) { work(stop); }) {}

InspectReader::~InspectReader() {
    worker_ = {}; // stops and waits; it may have been about to start the other
    surveyor_ = {};
}

void InspectReader::open(const QString& artifact, const QString& original) {
    const std::lock_guard lock(mutex_);
    ++generation_;
    wishes_ = {};
    wishes_.model = {artifact, original};
    changed_.notify_one();
}

void InspectReader::selectLayer(const LayerId& layer) {
    const std::lock_guard lock(mutex_);
    wishes_.layer = layer;
    wishes_.channel.reset();
    wishes_.worst = false;
    changed_.notify_one();
}

void InspectReader::selectChannel(const ChannelRequest& request) {
    const std::lock_guard lock(mutex_);
    wishes_.channel = request;
    changed_.notify_one();
}

void InspectReader::findWorst() {
    const std::lock_guard lock(mutex_);
    wishes_.worst = true;
    changed_.notify_one();
}

void InspectReader::post(int generation, std::function<void()> call) {
    QMetaObject::invokeMethod(
        this,
        [this, call = std::move(call), generation] {
            if (generation == generation_)
                call();
        },
        Qt::QueuedConnection);
}

void InspectReader::post(std::function<void()> call) {
    post(workGeneration_, std::move(call));
}

void InspectReader::work(const std::stop_token& stop) {
    while (true) {
        Wishes wishes;
        {
            std::unique_lock lock(mutex_);
            if (!changed_.wait(lock, stop, [this] { return wishes_.any(); }))
                return;
            wishes = wishes_; // g++ 12 at -O3 warns wrongly of std::swap here
            wishes_.clear();
            workGeneration_ = generation_;
        }
        try {
            fulfil(wishes);
        } catch (const Error& error) {
            const QString text = QString::fromStdString(sentence(error));
            post([this, text] { Q_EMIT failed(text); });
        } catch (const std::exception& error) {
            const QString text = QString::fromUtf8(error.what());
            post([this, text] { Q_EMIT failed(text); });
        }
    }
}

void InspectReader::fulfil(Wishes& wishes) {
    if (wishes.model)
        openModel(wishes.model->first, wishes.model->second);
    if (wishes.layer && model_)
        openLayer(*wishes.layer);
    if (wishes.worst && layer_) {
        const auto worst = static_cast<qint64>(layer_->errors().worst);
        post([this, id = layerFacts_.id, worst] { Q_EMIT worstFound(id, worst); });
    }
    if (wishes.channel && layer_)
        openChannel(*wishes.channel);
}

void InspectReader::readRun(OpenedModel& model) {
    if (database_.empty() || !fs::exists(database_))
        return;
    Database database(database_);
    const RunStore store(database);
    model.run = store.findByOutput(model.artifact.toStdString());
    if (model.run)
        model.reports = store.blocks(model.run->id);
}

QString InspectReader::findOriginal(const QString& artifact, const OpenedModel& model) const {
    if (model.run && fs::exists(model.run->modelPath))
        return QString::fromStdString(model.run->modelPath);
    const auto beside = originalsBeside(pathOf(artifact));
    return beside.empty() ? QString() : textOf(beside.front());
}

void InspectReader::openModel(const QString& artifact, QString original) {
    surveyor_ = {}; // stops and waits: at most for one layer
    model_.reset();
    layer_.reset();
    OpenedModel facts;
    facts.artifact = textOf(fs::absolute(pathOf(artifact)).lexically_normal());
    readRun(facts);
    run_ = facts.run;
    if (original.isEmpty())
        original = findOriginal(artifact, facts);
    if (original.isEmpty()) {
        (void)Artifact::open(pathOf(artifact)); // its own error comes first
        post([this, artifact] { Q_EMIT originalMissing(artifact); });
        return;
    }
    facts.original = original;
    model_ = std::make_shared<ModelInspection>(pathOf(artifact), pathOf(original));
    facts.layers = model_->layers();
    std::ranges::copy_if(facts.layers, std::back_inserter(facts.kept),
                         [this](const LayerId& id) { return model_->isKept(id); });
    facts.refined = refined_ = wasRefined(model_->artifact());
    post([this, facts] { Q_EMIT opened(facts); });
    survey();
}

void InspectReader::survey() {
    surveyor_ = std::jthread(
        [this, model = model_, generation = workGeneration_](const std::stop_token& stop) {
            try {
                for (const LayerId& id : model->layers()) {
                    if (stop.stop_requested())
                        return;
                    if (model->isKept(id))
                        continue;
                    const LayerSurvey found = surveyLayer(id, *model->layer(id));
                    post(generation, [this, found] { Q_EMIT surveyed(found); });
                }
                post(generation, [this] { Q_EMIT surveyFinished(); });
            } catch (const Error& error) {
                const QString text = QString::fromStdString(sentence(error));
                post(generation, [this, text] { Q_EMIT failed(text); });
            }
        });
}

void InspectReader::openLayer(const LayerId& id) {
    layer_.reset();
    layer_ = model_->layer(id);
    layerFacts_ = {id, layer_->rows(), layer_->cols(), layer_->isKept(), {}, {}};
    if (run_) {
        Database database(database_);
        const RunStore store(database);
        layerFacts_.rounds = store.rounds(run_->id, id.block, id.kind);
        layerFacts_.activations = store.activations(run_->id, id.block, id.kind);
    }
    if (!layerFacts_.activations && !layerFacts_.kept)
        layerFacts_.activations = recordedLater(id);
    post([this, facts = layerFacts_] { Q_EMIT layerOpened(facts); });
}

std::optional<ActivationRecord> InspectReader::recordedLater(const LayerId& id) const {
    if (database_.empty() || !fs::exists(database_))
        return std::nullopt;
    Database database(database_);
    const Artifact& artifact = model_->artifact();
    return RunStore(database).folderActivations(
        {fs::absolute(artifact.path()).lexically_normal().string(), artifact.recipeHash()},
        id.block, id.kind);
}

void InspectReader::openChannel(const ChannelRequest& request) {
    if (request.channel < 0 || request.channel >= layer_->rows())
        return; // of the layer before
    OpenedChannel facts{.layer = layerFacts_.id,
                        .request = request,
                        .kept = layer_->isKept(),
                        .refined = refined_,
                        .view = viewChannel(*layer_, request.channel, request.units),
                        .round = {}};
    if (request.round >= 0 && layerFacts_.rounds &&
        request.round < static_cast<int>(layerFacts_.rounds->rounds.size())) {
        const FitRounds& rounds = *layerFacts_.rounds;
        const FitRound& round = rounds.rounds[static_cast<std::size_t>(request.round)];
        std::vector<float> row = layer_->rowDuringFit(
            request.channel,
            KroneckerMap::forward(round.factorA, round.factorB, rounds.m1, rounds.m2));
        if (request.units == RowUnits::levels)
            if (const double level = layer_->row(request.channel).level; level > 0.0)
                for (float& value : row)
                    value = static_cast<float>(value / level);
        facts.round = viewStage(row, facts.view.low, facts.view.high);
    }
    post([this, facts] { Q_EMIT channelOpened(facts); });
}

} // namespace bwla::ui
