// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/inspect/channel_view.h"
#include "core/inspect/model_inspection.h"
#include "core/store/run_store.h"

#include <QObject>
#include <QString>

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace bwla::ui {

/// A model that was opened for looking at.
struct OpenedModel {
    QString artifact, original; ///< paths
    std::vector<LayerId> layers;
    std::vector<LayerId> kept;    ///< of them, those in float
    std::optional<RunRecord> run; ///< none for a folder made elsewhere
    std::vector<BlockReport> reports;
    bool refined = false; ///< its recipe trained it after the closed form
};

struct OpenedLayer {
    LayerId id;
    std::int64_t rows = 0, cols = 0;
    bool kept = false; ///< in float: nothing else is known of it
    std::optional<FitRounds> rounds;
    std::optional<ActivationRecord> activations;
};

/// One channel as asked for.
struct ChannelRequest {
    std::int64_t channel = 0;
    RowUnits units = RowUnits::weight;
    int round = -1; ///< index into FitRounds::rounds; -1 = as stored
    bool operator==(const ChannelRequest&) const = default;
};

struct OpenedChannel {
    LayerId layer;
    ChannelRequest request;
    bool kept = false;    ///< in float: only `view.original` is of interest
    bool refined = false; ///< then `view.residual` is after the refinement
    ChannelView view;
    std::optional<StageView> round; ///< w R at request.round, on the view's axis
};

/// Reads for the Inspect page on two threads of its own: one answers what the user does, the newest
/// wish first and outdated ones dropped; the other surveys all layers. Signals come on the window's
/// thread. The worker has a connection of its own to the store's file.
class InspectReader : public QObject {
    Q_OBJECT

public:
    explicit InspectReader(std::filesystem::path database, QObject* parent = nullptr);
    ~InspectReader() override;

    /// Without `original` it is looked for: in the recorded run, then beside the artifact.
    void open(const QString& artifact, const QString& original = {});
    void selectLayer(const LayerId& layer);
    void selectChannel(const ChannelRequest& request);
    /// The channel with the largest error; found() answers.
    void findWorst();

Q_SIGNALS:
    void opened(const bwla::ui::OpenedModel& model);
    void originalMissing(const QString& artifact);
    void failed(const QString& sentence);
    void layerOpened(const bwla::ui::OpenedLayer& layer);
    void channelOpened(const bwla::ui::OpenedChannel& channel);
    void worstFound(const bwla::LayerId& layer, qint64 channel);
    void surveyed(const bwla::LayerSurvey& survey);
    void surveyFinished();

private:
    struct Wishes {
        std::optional<std::pair<QString, QString>> model;
        std::optional<LayerId> layer;
        std::optional<ChannelRequest> channel;
        bool worst = false;
        [[nodiscard]] bool any() const { return model || layer || channel || worst; }
        void clear() {
            model.reset();
            layer.reset();
            channel.reset();
            worst = false;
        }
    };

    void work(const std::stop_token& stop);
    void fulfil(Wishes& wishes);
    void openModel(const QString& artifact, QString original);
    [[nodiscard]] QString findOriginal(const QString& artifact, const OpenedModel& model) const;
    void readRun(OpenedModel& model);
    void openLayer(const LayerId& id);
    [[nodiscard]] std::optional<ActivationRecord> recordedLater(const LayerId& id) const;
    void openChannel(const ChannelRequest& request);
    void survey();
    /// Calls a signal on the window's thread, unless another model was asked for meanwhile.
    void post(int generation, std::function<void()> call);
    void post(std::function<void()> call);

    std::filesystem::path database_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    Wishes wishes_;
    int generation_ = 0; ///< of the model; window thread writes

    // Of the worker:
    int workGeneration_ = 0;
    std::shared_ptr<const ModelInspection> model_;
    std::shared_ptr<const InspectedLayer> layer_;
    std::optional<RunRecord> run_;
    bool refined_ = false;
    OpenedLayer layerFacts_;
    std::jthread surveyor_;
    std::jthread worker_;
};

} // namespace bwla::ui
