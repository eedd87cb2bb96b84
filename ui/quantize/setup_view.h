// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_summary.h"
#include "ui/quantize/run_checks.h"
#include "ui/widgets/worker.h"

#include <QScrollArea>
#include <QTimer>

#include <functional>
#include <memory>
#include <optional>

class QBoxLayout;
class QGridLayout;
class QLabel;
class QLineEdit;
class QPushButton;
class QToolButton;

namespace bwla::ui {

class AdvancedForm;
class Banner;
class BitsView;
class Card;
class CommandStrip;
class PresetCard;
class Theme;

/// How much time for how much quality, and the price first: presets, every knob, where the bits go,
/// checks, the same run on the command line.
class SetupView : public QScrollArea {
    Q_OBJECT

public:
    explicit SetupView(Theme& theme, QWidget* parent = nullptr);

    void setModel(std::shared_ptr<const ModelSummary> model);
    [[nodiscard]] const ModelSummary* model() const { return model_.get(); }
    [[nodiscard]] const QuantizeSettings& settings() const { return settings_; }
    [[nodiscard]] QString command() const;
    /// No check has failed, and none is under way.
    [[nodiscard]] bool mayStart() const { return mayStart_; }
    void choosePreset(int index);
    void check();
    /// The last run's error, where it was not about one of the checks.
    void showError(const QString& text);
    /// Until the next setting, model or run.
    void offerUndo(const QString& text, const std::function<void()>& undo);

Q_SIGNALS:
    void readyChanged(bool mayStart);
    void resumeRequested();
    void startOverRequested();

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* makeMain();
    QWidget* makeCards();
    QWidget* makeSide();
    QWidget* makeAdvanced();
    void fitWidth();
    void arrangeCards(int width);
    void setSettings(const QuantizeSettings& settings);
    void takeEdits();
    void chooseOutput();
    void redraw();
    void redrawWarning();
    void showChecks(const QList<RunCheck>& checks, const OutputState& output);
    void showUnfinished(const OutputState& output);

    Theme& theme_;
    std::shared_ptr<const ModelSummary> model_;
    QuantizeSettings settings_;
    bool mayStart_ = false;
    bool outputChosen_ = false;
    QList<PresetCard*> cards_;
    AdvancedForm* form_;
    QToolButton* fold_;
    QPushButton* reset_;
    QLineEdit* output_;
    CommandStrip* command_;
    BitsView* bits_;
    Card* checksCard_;
    QWidget* checkRows_ = nullptr;
    Banner *warning_, *fourBits_, *unfinished_, *error_, *deleted_;
    QWidget* side_;
    QBoxLayout* columns_;
    QGridLayout* cardsGrid_;
    QTimer checkSoon_;
    Worker worker_;
};

} // namespace bwla::ui
