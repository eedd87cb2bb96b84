// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/quantize/live_fit.h"

#include <QElapsedTimer>
#include <QTimer>
#include <QWidget>

class QBoxLayout;
class QLabel;
class QPlainTextEdit;
class QProgressBar;

namespace bwla::ui {

class Banner;
class BlockMap;
class Card;
class Plot;
class Theme;

/// A run while it goes on: progress, the step in work, one channel's histogram turning, the
/// objective, finished blocks, log.
class RunView : public QWidget {
    Q_OBJECT

public:
    explicit RunView(Theme& theme, QWidget* parent = nullptr);

    void start(const QString& command);
    void hear(const std::vector<KeptEvent>& events);
    void setPaused(bool paused);
    void stepChannel(int step);
    void focusLog();
    void log(const QString& line);
    [[nodiscard]] const Progress& progress() const { return progress_; }
    [[nodiscard]] std::int64_t finishedBlocks() const;
    [[nodiscard]] QString progressText() const; ///< "Quantizing, 39 %, 3 min 35 s left"

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* makeProgress();
    QWidget* makeSteps();
    QWidget* makePlots();
    QWidget* makeLog();
    void showProgress();
    void showStep();
    void showFit();
    void fitWidth();
    void logBlock(const BlockReport& report);
    [[nodiscard]] QString leftText() const;

    Theme& theme_;
    LiveFit fit_;
    Progress progress_;
    QElapsedTimer clock_;
    QTimer second_;
    bool paused_ = false;
    QLabel *percent_, *place_, *left_, *saved_, *memory_;
    QProgressBar* bar_;
    Banner* pause_;
    QList<QLabel*> stepIcons_, stepTexts_;
    Card *stepsCard_, *fitCard_, *curveCard_;
    BlockMap* map_;
    Plot *weights_, *curve_;
    QLabel* numbers_;
    QPlainTextEdit* log_;
    QBoxLayout *plotsRow_, *lowRow_;
};

} // namespace bwla::ui
