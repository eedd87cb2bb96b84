// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/eval/quick_quality.h"
#include "core/model/model_summary.h"
#include "ui/quantize/live_fit.h"
#include "ui/studio/page.h"
#include "ui/studio/services.h"
#include "ui/widgets/job_bridge.h"
#include "ui/widgets/worker.h"

class QLabel;
class QPushButton;
class QStackedLayout;

namespace bwla::ui {

class DoneView;
class EmptyState;
class RunView;
class SetupView;

/// Page 2: set up a quantization, watch it, see what came out.
class QuantizePage : public Page {
    Q_OBJECT

public:
    explicit QuantizePage(Services& services, QWidget* parent = nullptr);

    [[nodiscard]] QString title() const override { return tr("Quantize"); }
    [[nodiscard]] QString iconName() const override { return "quantize"; }
    QWidget* headerContext() override;
    QList<QWidget*> headerActions() override;
    bool escape() override;
    [[nodiscard]] QList<std::pair<QString, QString>> keys() const override;

    /// An original to quantize; ignored while a run goes on.
    void setModel(const QString& path);
    [[nodiscard]] bool running() const { return bridge_.running(); }
    [[nodiscard]] SetupView& setup() { return *setup_; }
    [[nodiscard]] RunView& run() { return *run_; }

private:
    enum View { emptyView, setupView, runView, doneView };

    void connectViews();
    void addKeys();
    void showModel(std::shared_ptr<const ModelSummary> model);
    void showView(View view);
    void start(bool resume);
    void startOver();
    void togglePause();
    void askCancel();
    void hear(const std::vector<KeptEvent>& events);
    void finish(const Outcome<QuantizeResult>& outcome);
    void measure(const QString& textFile);
    void keepQuality(const QuickQualityResult& result) const;
    void requestChat();

    Services& services_;
    std::shared_ptr<const ModelSummary> model_;
    QString modelPath_, out_, openProblem_;
    QLabel* context_;
    QPushButton *dryRun_, *start_, *pause_, *cancel_;
    QStackedLayout* stack_;
    EmptyState* empty_;
    SetupView* setup_;
    RunView* run_;
    DoneView* done_;
    View view_ = emptyView;
    Worker opener_;
    JobBridge bridge_; ///< last: stopped before the views go
    JobBridge quality_;
};

} // namespace bwla::ui
