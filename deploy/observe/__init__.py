"""What watches the network: rules for alarms, and the dashboards, made from short lists."""
