"""Control server of the app Open-RMBT (RTR-NetTest): its requests become our samples."""
